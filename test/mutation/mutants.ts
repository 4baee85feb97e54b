/**
 * The wrong changes: few and classic, one at a time, on the compiled file's syntax tree. Arrays, regular expressions and
 * templates are left alone, and so are the words of the language's own errors: nobody is promised them.
 */
import { type AnyNode, parse } from 'acorn';

/** One wrong change: `text` instead of what stands from `start` to `end`. */
export type Change = { readonly start: number; readonly end: number; readonly text: string };

const SWAPPED: Readonly<Record<string, string>> = {
  '&&': '||',
  '||': '&&',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '+=': '-=',
  '-=': '+=',
};
const REMOVED: ReadonlySet<string> = new Set(['ReturnStatement', 'ThrowStatement', 'ExpressionStatement']);
const BUILT_IN_ERROR = /^(?:Syntax|Type|Range)?Error$/;

export function changesOf(code: string): Change[] {
  const found: Change[] = [];
  const visit = (node: AnyNode): void => {
    found.push(...changesAt(node, code));
    for (const child of childrenOf(node)) visit(child);
  };
  visit(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }));
  return found;
}

export function applied(code: string, { start, end, text }: Change): string {
  return code.slice(0, start) + text + code.slice(end);
}

function changesAt(node: AnyNode, code: string): Change[] {
  const instead = (text: string, { start, end }: { start: number; end: number } = node): Change => ({
    start,
    end,
    text,
  });
  const source = (one: AnyNode): string => code.slice(one.start, one.end);
  if (REMOVED.has(node.type) && !('directive' in node && node.directive)) return removals(node, instead);
  if (node.type === 'IfStatement' || node.type === 'ConditionalExpression' || node.type === 'WhileStatement')
    return isSwapped(node.test) ? [] : [instead(`!(${source(node.test)})`, node.test)];
  if (node.type === 'UnaryExpression' && node.operator === '!') return [instead(`(${source(node.argument)})`)];
  if (node.type === 'BinaryExpression' || node.type === 'LogicalExpression' || node.type === 'AssignmentExpression') {
    const swapped = SWAPPED[node.operator];
    const between = { start: node.left.end, end: node.right.start };
    const operator = code.slice(between.start, between.end);
    return swapped ? [instead(operator.replace(node.operator, swapped), between)] : [];
  }
  return node.type === 'Literal' ? literals(node.value).map((text) => instead(text)) : [];
}

/** What another change of the same place already says. */
function isSwapped(test: AnyNode): boolean {
  const negated = test.type === 'UnaryExpression' && test.operator === '!';
  return negated || (test.type === 'BinaryExpression' && ['===', '!=='].includes(test.operator));
}

/** A `return` of nothing, or of `undefined`, mostly says what its absence would say. */
function removals(node: AnyNode, instead: (text: string) => Change): Change[] {
  if (node.type !== 'ReturnStatement') return [instead(';')];
  const { argument } = node;
  return !argument || (argument.type === 'Identifier' && argument.name === 'undefined') ? [] : [instead(';')];
}

function literals(value: unknown): string[] {
  if (typeof value === 'number') return [`(${value + 1})`, `(${value - 1})`];
  if (typeof value === 'boolean') return [String(!value)];
  return typeof value === 'string' ? [value === '' ? "'mutant'" : "''"] : [];
}

/** Everything below a node that may be changed. */
function childrenOf(node: AnyNode): AnyNode[] {
  if (/^(?:Import|Export(?:All|Specifier))/.test(node.type) && node.type !== 'ImportExpression') return [];
  if (node.type === 'ImportExpression' || isBuiltInError(node)) return [];
  if (node.type === 'Property' && !node.computed) return node.shorthand ? [] : [node.value];
  return Object.values(node)
    .flat()
    .filter((value: unknown): value is AnyNode => value instanceof Object && 'type' in value);
}

function isBuiltInError(node: AnyNode): boolean {
  return node.type === 'NewExpression' && node.callee.type === 'Identifier' && BUILT_IN_ERROR.test(node.callee.name);
}
