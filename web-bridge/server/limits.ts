/** Every limit of the bridge. A limit is security here: it bounds what a page or a program can use up. */
import { MAX_MESSAGE_BYTES } from '../protocol/address.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

export const LIMITS = {
  /** A socket without a byte. A browser connects first, and sends only after its user has answered the permission question. */
  silentMs: 5 * MINUTE_MS,
  /** From the first byte to the end of the headers. */
  headersMs: 5 * SECOND_MS,
  headerBytes: 8 * 1024,
  /** Sockets that have not upgraded. If there are more, the oldest silent one is closed. */
  pendingSockets: 256,
  connections: 256,
  connectionsPerOrigin: 64,

  messageBytes: MAX_MESSAGE_BYTES,
  /** Frames of one message, and pieces of a frame as they arrive. */
  messageFragments: 32,
  bufferedChunks: 1024,
  jsonDepth: 8,
  /** Requests that one connection may have unanswered. */
  requestsAtOnce: 8,
  /** Bytes that were sent to a page and that it has not read. */
  unreadBytes: 1024 * 1024,
  /** Time without a message from the page. The SDK sends one each minute; a browser may slow this down in hidden tabs. */
  quietMs: 5 * MINUTE_MS,
} as const;

export type Limits = { readonly [K in keyof typeof LIMITS]: number };
