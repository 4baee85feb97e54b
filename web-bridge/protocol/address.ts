/** The bridge's ports, subprotocol and message size. This file loads no schemas, so that a page need not load them. */

/** The WebSocket subprotocol (RFC 6455 §1.9). `hello` answers the same name. */
export const PROTOCOL = 'inkan.v1';
/** The fixed port of the bridge and its spares, on 127.0.0.1. */
export const PORTS = [17157, 17158, 17159] as const;
/** The most bytes of a message, in both directions. */
export const MAX_MESSAGE_BYTES = 16 * 1024;
