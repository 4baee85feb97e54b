/** The enrollment protocols we speak, by the name that a profile gives them. One more is one file and one line here. */
import type { CaProtocol } from '../../web-bridge/protocol/order.ts';
import type { ConnectCa } from '../ports/ca.ts';
import { connectEst } from './est.ts';

const CONNECT: Readonly<Record<CaProtocol, ConnectCa>> = {
  est: connectEst,
};

export const connectCa: ConnectCa = (service, timeoutMs) => CONNECT[service.protocol](service, timeoutMs);
