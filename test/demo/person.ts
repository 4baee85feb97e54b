/** What a person needs to walk the journey: the address, two accounts, the token's PIN. */
import { spawn } from 'node:child_process';
import type { Bank } from '../../web-bridge/demo/bank.ts';
import type { CustomerPc } from '../stage/customer-pc.ts';

export function showWelcome(bank: Bank, pc: CustomerPc): void {
  const address = `${bank.siteUrl}/`;
  const accounts = bank.accounts.map(({ id, password, display }) => `  ${id}   ${password}   ${display}`);
  console.log(`
  Open       ${address}

  お客様ID / ログインパスワード (customer ID / login password)
${accounts.join('\n')}

  USBトークンのPIN (PIN of the token)
  ${pc.pin}

  The dialogs come from the agent, as windows or in this terminal. Ctrl-C ends everything.
`);
  openInBrowser(address);
}

/** Where there is a desktop; elsewhere the address is printed above. */
function openInBrowser(address: string): void {
  if (!process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return;
  const opener = spawn('xdg-open', [address], { stdio: 'ignore', detached: true });
  opener.on('error', () => {});
  opener.unref();
}
