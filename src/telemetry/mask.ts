/** Stands where something was taken out; shorter than any secret, so that masking always ends. */
const MASK = '***';

/** Shorter ones are left: they would be found in half of all words. */
const SHORTEST = 4;

/**
 * Takes out of a text every secret of four characters or more, in whatever form it may have been written (as it is, inside
 * JSON, percent-encoded), and the user, password, path, query and fragment of every URL.
 */
export const createMask = (secrets: readonly string[]): ((text: string) => string) => {
  const hide = createHide(secrets);
  return (text) => hide(withoutUrls(text));
};

/** Takes out the secrets alone, for texts of others that are passed on: what they say of URLs is theirs. */
export const createHide = (secrets: readonly string[]): ((text: string) => string) => {
  const forms = [...new Set(secrets.flatMap(formsOf))].filter((form) => form.length >= SHORTEST);
  // The longest first: of two secrets that begin alike, no rest of the longer one may stay.
  const escaped = forms.toSorted((a, b) => b.length - a.length).map((form) => RegExp.escape(form));
  const pattern = escaped.length === 0 ? undefined : new RegExp(escaped.join('|'), 'g');
  return (text) => withoutSecrets(text, pattern);
};

/** What masking leaves can, with its neighbours, spell a secret again; each round makes the text shorter. */
const withoutSecrets = (text: string, pattern: RegExp | undefined): string => {
  if (pattern === undefined) return text;
  for (let before = text; ; before = text) {
    text = before.replace(pattern, MASK);
    if (text === before) return text;
  }
};

const formsOf = (secret: string): string[] => {
  if (secret.length < SHORTEST) return [];
  const wellFormed = secret.toWellFormed();
  const encoded = [
    encodeURIComponent(wellFormed),
    encodeURI(wellFormed),
    new URLSearchParams([['', wellFormed]]).toString().slice(1),
    userinfoForm(wellFormed),
  ];
  const forms = [secret, wellFormed, ...encoded, ...encoded.map(lowerHex)];
  const once = forms.map(jsonForm);
  // An upstream's JSON quoted in an error's message is inside JSON twice when it gets here.
  return [...forms, ...once, ...once.map(jsonForm)];
};

const jsonForm = (text: string): string => JSON.stringify(text).slice(1, -1);

const lowerHex = (text: string): string => text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

/** As `URL` writes it between `//` and `@`, which is not what `encodeURIComponent` makes of it. */
const userinfoForm = (text: string): string => {
  const url = new URL('http://host');
  url.password = text;
  return url.password;
};

/**
 * A URL up to white space or a quote, in plain text and in JSON text (where `\"` goes on and `\n` ends it). A scheme has a
 * bound, since without one a long run of letters would be gone through from each of them.
 */
const URLS = /([a-z][a-z0-9+.-]{0,30}:\/\/)((?:\\[^nrt]|[^\s"\\])*)/gi;

const withoutUrls = (text: string): string =>
  text.includes('://')
    ? text.replace(URLS, (_url, scheme: string, rest: string) => `${scheme}${maskedRest(rest)}`)
    : text;

const maskedRest = (rest: string): string => {
  const end = rest.search(/[/?#\\]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  const tail = end === -1 ? '' : rest.slice(end);
  // An `@` further on may end a password that holds a slash: then what stands first is no host.
  const host = tail.includes('@') && !authority.includes('@') ? MASK : authority.slice(authority.lastIndexOf('@') + 1);
  return tail === '' || tail === '/' ? `${host}${tail}` : `${host}/${MASK}`;
};
