import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import * as v from 'valibot';
import {
  errorEnvelope,
  eventEnvelope,
  requestEnvelope,
  resultEnvelope,
} from '../../../web-bridge/protocol/envelope.ts';
import { ERRORS, isErrorCode } from '../../../web-bridge/protocol/errors.ts';
import { EVENTS } from '../../../web-bridge/protocol/events.ts';
import { byLanguage } from '../../../web-bridge/protocol/languages.ts';
import { isMethod, METHODS } from '../../../web-bridge/protocol/methods.ts';
import { isErrorData, isProgress, RESULT_CHECKS } from '../../../web-bridge/sdk/answer.ts';
import { OBSTACLES } from '../../../web-bridge/sdk/bridge-state.ts';
import { LIMITS } from '../../../web-bridge/server/limits.ts';

const README = readFileSync(new URL('../../../../web-bridge/README.md', import.meta.url), 'utf8');

type Example = { id?: number; method?: string; params?: unknown; result?: unknown; error?: unknown };
const examples = [...README.matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, text]) => JSON.parse(text ?? '', inEveryLanguage) as Example,
);

/** The examples show words in Japanese and English: on the wire they come in every language there is. */
function inEveryLanguage(name: string, value: unknown): unknown {
  return name === 'words' ? byLanguage((language) => Reflect.get(Object(value), language) ?? Object(value).en) : value;
}

const requests = examples.filter(({ id, method }) => id !== undefined && method);
const results = examples.filter(({ result }) => result !== undefined);
const events = examples.filter(({ id, method }) => id === undefined && method);
const errors = examples.filter(({ error }) => error !== undefined);

function methodOf({ id, method }: Example): keyof typeof METHODS {
  const name = method ?? requests.find((request) => request.id === id)?.method ?? '';
  if (!isMethod(name)) throw new Error(`no method for example ${id}`);
  return name;
}

describe("the bridge's README", () => {
  it('has an example of each request, result and event', () => {
    expect(requests.map(({ method }) => method)).to.have.members(Object.keys(METHODS));
    expect(results.map(methodOf)).to.have.members(Object.keys(METHODS));
    expect(new Set(events.map(({ method }) => method))).to.deep.equal(new Set(Object.keys(EVENTS)));
    expect(errors).not.to.be.empty;
    expect(requests.length + results.length + events.length + errors.length).to.equal(examples.length);
  });

  for (const request of requests) {
    it(`request ${request.method}`, () => {
      v.parse(METHODS[methodOf(request)].params, v.parse(requestEnvelope, request).params);
    });
  }
  for (const result of results) {
    it(`result ${methodOf(result)}`, () => {
      v.parse(METHODS[methodOf(result)].result, v.parse(resultEnvelope, result).result);
    });
  }
  for (const event of events) {
    it(`event ${event.method}`, () => void v.parse(EVENTS.progress, v.parse(eventEnvelope, event).params));
  }
  for (const error of errors) {
    it('error, with what the table says of its code', () => {
      const { code, retry, support } = v.parse(errorEnvelope, error).error.data;
      expect(isErrorCode(code) && ERRORS[code]).to.deep.equal({ retry, support });
    });
  }

  it('names only codes that exist', () => {
    const known = new Set<string>([...Object.keys(ERRORS), ...Object.values(OBSTACLES).map(({ code }) => code)]);
    for (const [code] of README.matchAll(/ERR_[A-Z_]*[A-Z]/g)) if (code !== 'ERR_SDK') expect(known).to.include(code);
  });

  it("tells the SDK's codes and support numbers", () => {
    for (const { code, support } of Object.values(OBSTACLES)) expect(README).to.include(`| \`${code}\` | ${support} |`);
  });

  it('tells the limits as they are', () => {
    expect(README).to.include(`| frames of a message | ${LIMITS.messageFragments} |`);
    expect(README).to.include(`| connections | ${LIMITS.connections}, of one origin ${LIMITS.connectionsPerOrigin} |`);
    expect(README).to.include(`| sockets that have not upgraded | ${LIMITS.pendingSockets} |`);
    expect(README).to.include(`| requests unanswered on a connection | ${LIMITS.requestsAtOnce} |`);
  });
});

describe("the SDK's checks of answers", () => {
  for (const example of results) {
    const method = methodOf(example);
    const check = RESULT_CHECKS[method];
    it(`hold ${method} as its schema does`, () => {
      expect(check(example.result)).to.equal(true);
      for (const broken of lackingOneMember(example.result)) {
        const allowed = v.safeParse(METHODS[method].result, broken).success;
        expect(check(broken), JSON.stringify(broken)).to.equal(allowed);
      }
    });
  }

  it('hold events and errors as their schemas do', () => {
    for (const { params } of events) {
      expect(isProgress(params)).to.equal(true);
      for (const broken of lackingOneMember(params)) {
        expect(isProgress(broken)).to.equal(v.safeParse(EVENTS.progress, broken).success);
      }
    }
    const failure = v.parse(errorEnvelope, errors[0]).error.data;
    expect(isErrorData(failure)).to.equal(true);
    for (const broken of lackingOneMember(failure)) expect(isErrorData(broken)).to.equal(false);
    expect(isErrorData({ ...failure, code: 'constructor' })).to.equal(false);
  });
});

/** Each object of the value in turn without one of its members; what the SDK does not read into is left whole. */
function* lackingOneMember(value: unknown): Generator {
  const opaque = new Set(['details', 'claims', 'trials']);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [name, member] of Object.entries(value)) {
    const { [name]: _, ...rest } = value as Record<string, unknown>;
    yield rest;
    if (!opaque.has(name)) for (const broken of lackingOneMember(member)) yield { ...value, [name]: broken };
  }
}
