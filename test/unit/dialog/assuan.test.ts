import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { AssuanError, connectAssuan, escapeAssuan, unescapeAssuan } from '../../../agent/dialog/assuan.ts';

/** A connection to a server that has said all it will say. */
function server(...said: (string | Buffer)[]) {
  const input = new PassThrough();
  const output = new PassThrough();
  for (const chunk of said) input.write(Buffer.from(chunk as string));
  input.end();
  return { connection: connectAssuan(input, output), sent: () => String(output.read() ?? '') };
}

const fails = async (promise: Promise<unknown>) =>
  expect(await promise.catch((error: unknown) => error)).to.be.instanceOf(AssuanError);

describe('Assuan', () => {
  it('escapes any text into one line, and back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!/\p{Cs}/u.test(text));
        const escaped = escapeAssuan(text);
        expect(escaped).not.to.match(/\p{Cc}/u);
        expect(unescapeAssuan(Buffer.from(escaped)).toString('utf8')).to.equal(text);
      }),
    );
  });

  it('reads data however it is cut into chunks', async () => {
    const answer = Buffer.from('OK hello\nD 12%2534\nS KEY info\nD %0A5\nOK\n');
    for (let cut = 1; cut < answer.length; cut += 1) {
      const { connection, sent } = server(answer.subarray(0, cut), answer.subarray(cut));
      expect(await connection.greeting()).to.have.property('ok', true);
      expect(await connection.transact('SETDESC', 'a%\nb')).to.deep.equal({ ok: true, data: Buffer.from('12%34\n5') });
      expect(sent()).to.equal('SETDESC a%25%0Ab\n');
    }
  });

  it('gives the code of an error without its source', async () => {
    for (const [line, code] of Object.entries({ '83886179 cancelled': 99, '83886194': 114, '83886142 t': 62 })) {
      expect(await server(`ERR ${line}\n`).connection.greeting()).to.deep.equal({ ok: false, code });
    }
  });

  it('refuses what breaks the protocol', async () => {
    await fails(server('HELLO\n').connection.greeting());
    await fails(server('INQUIRE X\n').connection.greeting());
    await fails(server('OK without end').connection.greeting());
    await fails(server('D %4\nOK\n').connection.greeting());
    await fails(server('D %zz\nOK\n').connection.greeting());
  });

  it('bounds lines, data and the number of lines', async () => {
    await fails(server('O'.repeat(2_000)).connection.greeting());
    await fails(server(`# ${'x'.repeat(1_500)}\nOK\n`).connection.greeting());
    await fails(server(`D ${'1'.repeat(900)}\n`.repeat(3), 'OK\n').connection.greeting());
    await fails(server('# x\n'.repeat(1_000)).connection.greeting());
    expect(() => server().connection.transact('SETDESC', '\n'.repeat(400))).to.throw(AssuanError);
  });

  it('wipes the bytes that a PIN came in', async () => {
    const chunk = Buffer.from('D 73915846\nOK\n');
    const input = new PassThrough({ highWaterMark: 1024 });
    const connection = connectAssuan(input, new PassThrough());
    input.write(chunk);
    const answer = await connection.transact('GETPIN');
    expect(answer).to.deep.equal({ ok: true, data: Buffer.from('73915846') });
    expect(chunk.every((byte) => byte === 0)).to.equal(true);
  });
});
