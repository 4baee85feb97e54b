/** The element's style sheet, with custom properties for the bank. It is constructed, so a CSP need not allow inline styles. */
const CSS = `
:host { display: block; font: var(--inkan-font, inherit); color: var(--inkan-ink, #1d2730); background: var(--inkan-surface, transparent); }
:host([hidden]), [hidden] { display: none; }
p, dl, dd, figure { margin: 0 0 .75em; overflow-wrap: anywhere; }
.what { font-weight: 700; outline: none; }
.bad { border-inline-start: 4px solid var(--inkan-bad, #a3242b); padding-inline-start: .75em; }
.behind { font-weight: 700; }
dt { font-size: .9em; color: var(--inkan-soft, #52606b); }
a { color: var(--inkan-accent, #0b5787); }
button { font: inherit; font-weight: 700; min-height: 2.75em; padding: .4em 1.4em; cursor: pointer; margin-inline-end: .5em;
  color: var(--inkan-accent-ink, #fff); background: var(--inkan-accent, #0b5787);
  border: 2px solid var(--inkan-accent, #0b5787); border-radius: var(--inkan-radius, 6px); }
button.cancel { color: var(--inkan-accent, #0b5787); background: transparent; }
button:focus-visible, a:focus-visible { outline: 3px solid var(--inkan-focus, #d9730d); outline-offset: 2px; }
figure { box-sizing: border-box; max-width: 24em; padding: .9em 1.1em; border: 1px solid var(--inkan-line, #7a8791);
  border-radius: var(--inkan-radius, 6px); background: var(--inkan-picture, #fff); color: #1d2730; }
figcaption { font-size: .85em; color: #52606b; margin-bottom: .5em; }
.answers { display: flex; justify-content: flex-end; gap: .6em; margin: 0; }
.answers span { padding: .15em 1em; border: 1px solid #7a8791; border-radius: 99px; }
.answers .wanted { border: 3px solid var(--inkan-accent, #0b5787); font-weight: 700; }
.bar { border-bottom: 1px solid #7a8791; padding-bottom: .4em; font-weight: 700; }
.line { height: .6em; width: 80%; background: #d5dade; border-radius: 3px; }
`;

let sheet: CSSStyleSheet | undefined;

export function elementSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
