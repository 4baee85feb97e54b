/** What both web servers of the bank have in common: headers, cookies, forms, assets, error pages. */
import { fileURLToPath } from 'node:url';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import staticFiles from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { PORTS } from '../protocol/envelope.ts';
import type { Language } from '../protocol/languages.ts';
import { document, type Html } from './html.ts';
import { errorPage, type Scene } from './screens/layout.ts';
import { languageOf, wordsOf } from './words.ts';

const MAX_FORM_BYTES = 16 * 1024;
/** The agent's bridge: a plain WebSocket on this computer, and `fetch` to see whether it has started. */
const BRIDGE = PORTS.flatMap((port) => [`ws://127.0.0.1:${port}`, `http://127.0.0.1:${port}`]).join(' ');

/** No `upgrade-insecure-requests`: Firefox would speak TLS to the bridge's plain port. */
function contentSecurityPolicy(reachesAgent: boolean): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${reachesAgent ? ` ${BRIDGE}` : ''}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

/** No HSTS: on `localhost` it would apply to every other server of the developer's computer. */
function headers(side: Scene['side']): Record<string, string> {
  return {
    'content-security-policy': contentSecurityPolicy(side === 'authority'),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  };
}

/** For the few pages of the bank's own site that speak with the agent. */
export function mayReachAgent(reply: FastifyReply): void {
  void reply.header('content-security-policy', contentSecurityPolicy(true));
}

export type WebOptions = {
  readonly side: Scene['side'];
  readonly language: Language;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
  /** Filled in once both servers listen. */
  readonly urls: { readonly siteUrl: string; readonly caUrl: string };
};

export type Web = {
  readonly app: FastifyInstance;
  readonly secure: boolean;
  readonly sceneOf: (request: FastifyRequest, reply: FastifyReply) => Scene;
  readonly send: (reply: FastifyReply, page: Html, status?: number) => Promise<void>;
};

function hereOf(request: FastifyRequest): string {
  const url = new URL(request.url, 'http://here');
  url.searchParams.delete('lang');
  // A form with a problem is shown again by GET under the same path.
  return `${url.pathname}${url.search}`;
}

async function send(reply: FastifyReply, page: Html, status = 200): Promise<void> {
  await reply.code(status).type('text/html; charset=utf-8').send(document(page));
}

function create(options: WebOptions): FastifyInstance {
  const common = { bodyLimit: MAX_FORM_BYTES, routerOptions: { maxParamLength: 100 } };
  if (!options.tls) return Fastify(common);
  return Fastify({ ...common, https: { ...options.tls, minVersion: 'TLSv1.2' } });
}

export async function openWeb(options: WebOptions): Promise<Web> {
  const app = create(options);
  const fixed = headers(options.side);
  const sceneOf = (request: FastifyRequest, reply: FastifyReply): Scene => {
    const language = languageOf(request, reply, options.language);
    return { language, words: wordsOf(language), here: hereOf(request), side: options.side, ...options.urls };
  };
  await app.register(cookie);
  await app.register(formbody);
  await app.register(staticFiles, {
    root: fileURLToPath(new URL('./public/', import.meta.url)),
    prefix: '/assets/',
    cacheControl: false,
  });
  app.addHook('onRequest', async (_request, reply) => void reply.headers(fixed));
  app.setNotFoundHandler((request, reply) => send(reply, errorPage(sceneOf(request, reply), 404), 404));
  app.setErrorHandler(async (error, request, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number };
    if (statusCode >= 500) console.error('Bank:', error);
    await send(reply, errorPage(sceneOf(request, reply), statusCode), statusCode);
  });
  return { app, secure: options.tls !== undefined, sceneOf, send };
}
