import { expect } from 'chai';
import { document, html } from '../../../web-bridge/demo/html.ts';

describe('html', () => {
  it('escapes whatever is put in', () => {
    const name = `"><script>alert('&')</script>`;
    expect(document(html`<p title="${name}">${name}</p>`)).to.equal(
      '<!doctype html>\n<p title="&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;">' +
        '&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;</p>',
    );
  });

  it('takes what other templates made, lists of it, and nothing for nothing', () => {
    expect(document(html`${[html`<b>${1}</b>`, 'x<']}${false}${undefined}`)).to.equal('<!doctype html>\n<b>1</b>x&lt;');
  });

  it('is not fooled by an object from outside that looks like a template', () => {
    const forged = JSON.parse('{"markup":"<script>"}') as string;
    expect(() => document(html`${forged}`)).to.throw(TypeError);
  });
});
