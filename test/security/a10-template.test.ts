/** A10: neither page nor order chooses what the key is: its attributes are constant but for identifier and label. */
import { expect } from 'chai';
import { call, codeOf } from '../stage/knock.ts';
import { standTarget, type Target } from '../stage/target.ts';

/** PKCS#11 v2.40 §A: the attributes as C_GenerateKeyPair was given them; `*` for CKA_LABEL (3) and CKA_ID (102). */
const WORD = (value: string): string => value.padEnd(16, '0');
const TEMPLATES: Record<string, string> = {
  'ec-p256': [
    `C_GenerateKeyPair 1040 0=${WORD('02')} 100=${WORD('03')} 1=01 2=00 102=* 3=* 10a=01 180=06082a8648ce3d030107 |`,
    `0=${WORD('03')} 100=${WORD('03')} 1=01 2=01 103=01 162=00 102=* 3=* 108=01`,
  ].join(' '),
  'rsa-2048': [
    `C_GenerateKeyPair 0 0=${WORD('02')} 100=${WORD('00')} 1=01 2=00 102=* 3=* 10a=01 121=${WORD('0008')} 122=010001 |`,
    `0=${WORD('03')} 100=${WORD('00')} 1=01 2=01 103=01 162=00 102=* 3=* 108=01`,
  ].join(' '),
};

describe("A10: the key's attributes", function () {
  this.timeout(60_000);
  let target: Target;
  before(async () => {
    target = await standTarget();
  });
  after(() => target?.leave());

  const ORDERS: Record<string, object>[] = [
    {},
    {
      account: { id: 'extractable=true', display: 'CKA_SENSITIVE=false' },
      subject: [
        ['CN', 'CKA_EXTRACTABLE'],
        ['OU', 'CKA_WRAP'],
      ],
    },
    { extensions: { keyUsage: ['nonRepudiation'], extendedKeyUsage: ['emailProtection', 'clientAuth'] } },
  ];
  for (const [keyType, template] of Object.entries(TEMPLATES))
    it(`of ${keyType} are the recorded template, whatever the order says`, async () => {
      const before = target.module.witnessed().length;
      for (const [index, changes] of ORDERS.entries())
        await target
          .enroll({
            ...target.bank.claims(),
            account: { id: `${keyType}-${index}`, display: 'x' },
            ...changes,
            keys: [keyType],
          })
          .catch((error: Error) => expect(error.message).to.match(/completed|CERTIFICATE/));
      const made = target.module
        .witnessed()
        .slice(before)
        .filter((line) => line.startsWith('C_GenerateKeyPair'));
      expect(made).to.have.lengthOf(ORDERS.length);
      const masked = made.map((line) => line.replaceAll(/ (3|102)=[0-9a-f]+/g, ' $1=*'));
      expect(new Set(masked)).to.deep.equal(new Set([template]));
    });

  const MEMBERS = [
    'extractable',
    'CKA_EXTRACTABLE',
    'attributes',
    'template',
    'subjectName',
    'slot',
    'mechanism',
    'ckaId',
  ];
  it('cannot be named by the page: unknown parameters are refused', async () => {
    await target.forget();
    const [page, order] = [await target.page(), await target.bank.order()];
    for (const member of [...MEMBERS, 'subject', 'keys', 'keyType', 'label', 'module'])
      expect(await codeOf(call(page, 'enroll', { order, [member]: true })), member).to.equal(
        'ERR_BRIDGE_PARAMS_INVALID',
      );
    expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
  });

  it('cannot be named by an order: unknown claims are refused, at every depth', async () => {
    await target.forget();
    const page = await target.page();
    const claims = target.bank.claims() as Record<string, unknown>;
    const deeper = ['account', 'extensions', 'enrollment'].map((member) => (name: string) => ({
      ...claims,
      [member]: { ...(claims[member] as object), [name]: true },
    }));
    for (const member of MEMBERS)
      for (const within of [(name: string) => ({ ...claims, [name]: true }), ...deeper])
        expect(await codeOf(call(page, 'enroll', { order: await target.forge(within(member)) })), member).to.equal(
          'ERR_POLICY_ORDER_CLAIMS_INVALID',
        );
    expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
  });
});
