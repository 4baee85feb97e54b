/** The enrollment protocols we speak, by the name that a profile gives them. One more is one file and one line here. */
import type { ConnectCa } from '../enrollment/ports.ts';
import { connectEst } from './est.ts';

type Protocol = Parameters<ConnectCa>[0]['protocol'];

const CONNECT: Readonly<Record<Protocol, ConnectCa>> = {
  est: connectEst,
};

export const connectCa: ConnectCa = (service, timeoutMs) => CONNECT[service.protocol](service, timeoutMs);
