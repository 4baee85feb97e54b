// The health check: succeeds if something listens on this port of 127.0.0.1.
import { connect } from 'node:net';

const [port] = process.argv.slice(2).map(Number);
const socket = connect({ host: '127.0.0.1', port, timeout: 1_500 });
const end = (status) => () => process.exit(status);
socket.on('connect', end(0)).on('error', end(1)).on('timeout', end(1));
