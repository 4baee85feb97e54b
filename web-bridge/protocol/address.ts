/** Where the bridge is and how it is spoken to. Apart from the schemas, so that a page need not load those. */

/** The WebSocket subprotocol (RFC 6455 §1.9) and the version `hello` answers. */
export const PROTOCOL = 'inkan.v1';
/** The fixed port of the bridge and its spares, on 127.0.0.1. */
export const PORTS = [17157, 17158, 17159] as const;
/** Bytes of a message, either way. */
export const MAX_MESSAGE_BYTES = 16 * 1024;
