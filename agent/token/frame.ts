/**
 * Messages on the pipe between the agent and a token host: a length of four octets, then JSON; bytes as `{ "base64": … }`.
 * Not Node's own IPC: a module that writes garbage into its descriptor makes that throw in the agent, outside of anything
 * that could catch it. Here a length is bounded before a byte is kept, and what does not parse is a broken promise.
 */

/** The largest true message, the certificates of a full token, takes three quarters of it. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;
const LENGTH_OCTETS = 4;

export function encodeFrame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message, bytesAsText), 'utf8');
  const length = Buffer.alloc(LENGTH_OCTETS);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** Looks at the holder: a Buffer's own `toJSON` has already been at the value. */
function bytesAsText(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  const held = this[name];
  return held instanceof Uint8Array ? { base64: Buffer.from(held).toString('base64') } : value;
}

function textAsBytes(_: string, value: unknown): unknown {
  const encoded: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'base64') : undefined;
  return typeof encoded === 'string' ? new Uint8Array(Buffer.from(encoded, 'base64')) : value;
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
      onMessage(JSON.parse(body.toString('utf8'), textAsBytes));
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
