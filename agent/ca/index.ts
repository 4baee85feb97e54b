/** The enrollment protocols, by their names in a profile. A further protocol is one file and one line here. */
import type { CaProtocol } from '../../web-bridge/protocol/order.ts';
import type { ConnectCa } from '../ports/ca.ts';
import { connectEst } from './est.ts';

const CONNECT: Readonly<Record<CaProtocol, ConnectCa>> = {
  est: connectEst,
};

export const connectCa: ConnectCa = (service, timeoutMs) => CONNECT[service.protocol](service, timeoutMs);
