/** HTML with automatic escaping. A value in a template is escaped, unless another template made it. */

const markup: unique symbol = Symbol('markup');
export type Html = { readonly [markup]: string };
export type Content = Html | string | number | false | undefined | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function render(content: Content): string {
  if (content === false || content === undefined) return '';
  if (typeof content === 'string' || typeof content === 'number') return escape(String(content));
  return markup in content ? content[markup] : content.map(render).join('');
}

/** Attributes must be quoted in the template: `<a href="${url}">`. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return { [markup]: strings.map((text, at) => text + render(contents[at])).join('') };
}

export function document(page: Html): string {
  return `<!doctype html>\n${page[markup]}`;
}
