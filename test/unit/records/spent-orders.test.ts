import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLocks } from '../../../agent/records/lock.ts';
import { openSpentOrders } from '../../../agent/records/spent-orders.ts';
import { ownFolder } from '../../stage/folder.ts';
import { refusalOf } from '../../stage/refusal.ts';

const never = new AbortController().signal;
const jti = (number: number): string => String(number).padStart(22, 'j');

describe('spent orders', () => {
  const folder = ownFolder();
  const file = () => join(folder(), 'state', 'spent-orders');
  const open = (now = 0) => openSpentOrders(file(), createLocks(join(folder(), 'locks')), () => now);

  it('are refused a second time, by another process too', async () => {
    const orders = open();
    await orders.check(jti(1));
    expect(existsSync(file())).to.equal(false);
    await orders.spend(jti(1), 1_000, never);
    expect(await refusalOf(orders.check(jti(1)))).to.equal('ERR_POLICY_ORDER_USED');
    expect(await refusalOf(open().spend(jti(1), 1_000, never))).to.equal('ERR_POLICY_ORDER_USED');
    await open().spend(jti(2), 1_000, never);
    expect(statSync(file()).mode & 0o777).to.equal(0o600);
  });

  it('are spent once by two at the same time', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => refusalOf(open().spend(jti(1), 1_000, never))));
    expect(outcomes.sort()).to.deep.equal(['ERR_POLICY_ORDER_USED', 'ERR_POLICY_ORDER_USED', 'not refused']);
  });

  it('outlive a line that a crash tore', async () => {
    await open().spend(jti(1), 1_000, never);
    appendFileSync(file(), 'jjjjjjjjjj');
    await open().spend(jti(2), 1_000, never);
    for (const number of [1, 2]) {
      expect(await refusalOf(open().check(jti(number)))).to.equal('ERR_POLICY_ORDER_USED');
    }
  });

  it('are forgotten when they have expired and the file has grown, and not before', async () => {
    const orders = open(500);
    for (let number = 0; number < 260; number += 1) await orders.spend(jti(number), number < 200 ? 400 : 600, never);
    const lines = readFileSync(file(), 'utf8').trim().split('\n');
    expect(lines.length).to.be.lessThan(70);
    expect(await refusalOf(orders.check(jti(200)))).to.equal('ERR_POLICY_ORDER_USED');
    expect(await refusalOf(orders.check(jti(259)))).to.equal('ERR_POLICY_ORDER_USED');
  });

  it('cannot be spent where nothing can be written', async () => {
    mkdirSync(join(folder(), 'state'));
    mkdirSync(file());
    expect(await refusalOf(open().spend(jti(1), 1_000, never))).to.equal('ERR_INTERNAL_STATE_UNWRITABLE');
    writeFileSync(join(folder(), 'file'), '');
    const below = openSpentOrders(join(folder(), 'file', 'x'), createLocks(join(folder(), 'locks')), () => 0);
    expect(await refusalOf(below.spend(jti(1), 1_000, never))).to.equal('ERR_INTERNAL_STATE_UNWRITABLE');
  });
});
