import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { usbReaders } from '../../../agent/platform/linux-usb.ts';

describe('readers on USB', () => {
  it('sees readers on USB by their class, without their serial numbers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'inkan-usb-'));
    const device = (name: string, attributes: Record<string, string>): void => {
      mkdirSync(join(folder, name));
      for (const [file, text] of Object.entries(attributes)) writeFileSync(join(folder, name, file), `${text}\n`);
    };
    device('1-2', { manufacturer: 'Maker', product: 'Key 5', idVendor: '1050', idProduct: '0407', serial: '73915846' });
    device('1-2:1.0', { bInterfaceClass: '03' });
    device('1-2:1.1', { bInterfaceClass: '0b' });
    device('1-2:1.2', { bInterfaceClass: '0b' });
    device('1-3', { product: 'Mouse', idVendor: '1111', idProduct: '2222' });
    device('1-3:1.0', { bInterfaceClass: '03' });
    expect(await usbReaders(folder)).to.deep.equal(['Maker Key 5  1050:0407']);
    expect(await usbReaders(join(folder, 'none'))).to.deep.equal([]);
    rmSync(folder, { recursive: true });
  });
});
