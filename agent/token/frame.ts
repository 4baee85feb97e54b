/**
 * The frames on the pipe between the agent and a token host. A frame is a length of four octets, then JSON; bytes in it are
 * `{ "base64": … }`. Node's own IPC is not used: a module that writes garbage into its descriptor makes it throw in the agent,
 * where nothing can catch the error. Here the length is checked before a byte is kept, and a frame that does not parse ends the
 * reading.
 */
import { parseWithBytes, stringifyWithBytes } from '../records/json-bytes.ts';

/** The largest message is the certificates of a full token. It takes three quarters of this. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;
const LENGTH_OCTETS = 4;

export function encodeFrame(message: unknown): Buffer {
  const body = Buffer.from(stringifyWithBytes(message), 'utf8');
  const length = Buffer.alloc(LENGTH_OCTETS);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/**
 * Takes the pipe's data in pieces of any size, and hands out whole messages.
 * @param onGarbage called once, for a frame that is too long or does not parse. Nothing is read after it.
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
