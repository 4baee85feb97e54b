import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { allowedBy, namedByChromium, namedByFirefox } from '../../../agent/doctor/browser-policy.ts';

describe("doctor: the browsers' policies", () => {
  it("reads the browsers' policies that we offer as allowing the bank's site, and no other", () => {
    const read = (name: string): unknown =>
      JSON.parse(readFileSync(resolve(import.meta.dirname, '../../../../native-config/browser', name), 'utf8'));
    const origins = ['https://www.bank.example', 'https://other.example', 'https://www.bank.example.evil.example'];
    for (const names of [namedByChromium(read('chromium-policy.json')), namedByFirefox(read('firefox-policies.json'))])
      expect(allowedBy(names, origins)).to.deep.equal([origins[0]]);
    expect(allowedBy(['*'], origins)).to.deep.equal(origins);
    expect(allowedBy(['https://[*.]bank.example'], origins)).to.deep.equal([origins[0]]);
    expect(allowedBy(['[*.]ank.example'], origins)).to.deep.equal([]);
    for (const odd of [null, 7, [], { LoopbackNetworkAllowedForUrls: 'https://www.bank.example' }, { policies: null }])
      expect([...namedByChromium(odd), ...namedByFirefox(odd)]).to.deep.equal([]);
  });
});
