import { expect } from 'chai';
import { encodeFrame, MAX_FRAME_BYTES, readFrames } from '../../../agent/token/frame.ts';
import { MAX_LISTED } from '../../../agent/token/host-protocol.ts';

/** What comes out of these bytes, fed in pieces of one size. */
function read(bytes: Uint8Array, size = bytes.length): unknown[] {
  const heard: unknown[] = [];
  const feed = readFrames(
    (message) => heard.push(message),
    () => heard.push('garbage'),
  );
  for (let at = 0; at < bytes.length; at += size) feed(Buffer.from(bytes.subarray(at, at + size)));
  return heard;
}
const length = (octets: number): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(octets);
  return head;
};

describe('the frames between agent and token host', () => {
  const messages = [{ kind: 'a', bytes: new Uint8Array([0, 1, 255]) }, { text: '鍵 and \n{}' }, [], null];

  it('bring each message as it was, bytes as bytes, in whatever pieces', () => {
    const stream = Buffer.concat(messages.map(encodeFrame));
    for (const size of [1, 2, 3, 5, 7, 64, stream.length])
      expect(read(stream, size), `${size}`).to.deep.equal(messages);
  });

  it('carry a Buffer as bytes', () => {
    expect(read(encodeFrame({ der: Buffer.from('abc') }))).to.deep.equal([{ der: new Uint8Array([97, 98, 99]) }]);
  });

  it('have room for the longest list of certificates, with labels that JSON writes six times as long', () => {
    const certificate = new Uint8Array(MAX_LISTED.bytes / MAX_LISTED.certificates);
    const label = '\u0001'.repeat(MAX_LISTED.labelCharacters);
    const certificates = Array.from({ length: MAX_LISTED.certificates }, () => ({ certificate, label }));
    expect(encodeFrame({ kind: 'result', id: 1, result: { certificates } }).length).to.be.below(MAX_FRAME_BYTES);
  });

  const garbage: Record<string, Uint8Array> = {
    'a length that no message has': Buffer.concat([length(MAX_FRAME_BYTES + 1), Buffer.alloc(10)]),
    'the largest length there is': Buffer.from('ffffffff', 'hex'),
    'what is not JSON': Buffer.concat([length(3), Buffer.from('{"a')]),
    'an empty body': length(0),
    'JSON deeper than a stack': Buffer.concat([length(1_000_000), Buffer.alloc(1_000_000, '[')]),
  };
  for (const [what, bytes] of Object.entries(garbage)) {
    it(`are garbage with ${what}; it is told once, and nothing is read after it`, () => {
      expect(read(Buffer.concat([bytes, encodeFrame({ late: true })]))).to.deep.equal(['garbage']);
    });
  }
});
