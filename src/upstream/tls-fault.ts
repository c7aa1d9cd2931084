const unknownAuthority =
  'its TLS certificate is from an authority that is not known here: ' +
  "name that authority's certificate (a PEM file) in NODE_EXTRA_CA_CERTS, and start headgate again";

const noTls = 'no TLS is spoken at its port: begin its url with http:// or ws://';

/** What is wrong, and what to do about it. */
const words: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  CERT_HAS_EXPIRED: 'its TLS certificate has expired: renew it there, or set the clock here',
  CERT_NOT_YET_VALID: 'its TLS certificate is not valid yet: set the clock here, or wait',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its TLS certificate is for another host than the one in its url: call it by a name that the certificate has, ' +
    'or give it one for this host',
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  EPROTO: `TLS could not be agreed on; perhaps ${noTls}`,
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'it speaks HTTP/2 alone, and headgate HTTP/1.1: allow that there',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants a TLS certificate of its clients, and headgate has none to show',
};

/** Words for an error's code where TLS was not agreed on; undefined for any other code. */
export const tlsFault = (code: string): string | undefined => {
  const known = words[code];
  if (known !== undefined) return `${known} (${code})`;
  return /CERT|TLS|SSL|SIGNATURE/.test(code) ? `TLS failed (${code})` : undefined;
};
