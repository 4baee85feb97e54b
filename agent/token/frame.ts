/**
 * Messages on the pipe between the agent and a token host: a length of four octets, then JSON; bytes as `{ "base64": … }`.
 * Not Node's own IPC: a module that writes garbage into its descriptor makes that throw in the agent, outside of anything
 * that could catch it. Here a length is bounded before a byte is kept, and what does not parse is a broken promise.
 */
import { parseWithBytes, stringifyWithBytes } from '../records/json-bytes.ts';

/** The largest true message, the certificates of a full token, takes three quarters of it. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;
const LENGTH_OCTETS = 4;

export function encodeFrame(message: unknown): Buffer {
  const body = Buffer.from(stringifyWithBytes(message), 'utf8');
  const length = Buffer.alloc(LENGTH_OCTETS);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/**
 * Takes what comes from the pipe, in whatever pieces, and hands out whole messages.
 * @param onGarbage called once; nothing is read any more
 */
export function readFrames(onMessage: (message: unknown) => void, onGarbage: () => void): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let held = 0;
  let broken = false;
  const give = (body: Buffer): void => {
    try {
      onMessage(parseWithBytes(body.toString('utf8')));
    } catch {
      broken = true;
    }
  };
  return (chunk) => {
    if (broken) return;
    pieces.push(chunk);
    held += chunk.length;
    for (let length = nextLength(pieces, held); length !== undefined && !broken; length = nextLength(pieces, held)) {
      if (length > MAX_FRAME_BYTES) broken = true;
      else if (held < LENGTH_OCTETS + length) return;
      else {
        const all = Buffer.concat(pieces);
        pieces = [all.subarray(LENGTH_OCTETS + length)];
        held = all.length - LENGTH_OCTETS - length;
        give(all.subarray(LENGTH_OCTETS, LENGTH_OCTETS + length));
      }
    }
    if (broken) {
      pieces = [];
      onGarbage();
    }
  };
}

function nextLength(pieces: Buffer[], held: number): number | undefined {
  if (held < LENGTH_OCTETS) return undefined;
  const [first] = pieces;
  const head = first && first.length >= LENGTH_OCTETS ? first : Buffer.concat(pieces);
  return head.readUInt32BE();
}
