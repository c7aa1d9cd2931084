/** The bytes of a JSON text, exactly as they were received. */
export type RawJson = Buffer;

/** One JSON-RPC 2.0 request, decoded as far as a gateway needs. */
export interface Request {
  /** The id's own bytes (`1.0` stays `1.0`), or undefined for a notification. */
  readonly id: RawJson | undefined;
  /** With escapes resolved, so that policy sees what a node would see. */
  readonly method: string;
  /** The bytes of `params`: an array or an object; `[]` where the client sent none, or `null`. */
  readonly params: RawJson;
}

/** A JSON-RPC error object. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}
