/**
 * Smart card readers and tokens on USB, as the kernel lists them. No PKCS#11 module is needed. So `inkan doctor` can distinguish a
 * token that is not plugged in from one whose software is missing. A device with a vendor-specific class is not recognized.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The USB class of smart card interfaces (CCID). */
const SMART_CARD = '0b';

/** Makers and names, never serial numbers. Empty if there are no readers or no /sys. */
export async function usbReaders(devices: string): Promise<string[]> {
  const names = await readdir(devices).catch(() => []);
  const classes = await Promise.all(names.map((name) => attribute(join(devices, name), 'bInterfaceClass')));
  // The name of an interface is the name of its device, a colon and a number.
  const readers = new Set(
    names.filter((_, index) => classes[index] === SMART_CARD).map((name) => name.split(':')[0] ?? ''),
  );
  return Promise.all([...readers].map((reader) => nameOf(join(devices, reader))));
}

async function nameOf(device: string): Promise<string> {
  const parts = await Promise.all(
    ['manufacturer', 'product', 'idVendor', 'idProduct'].map((name) => attribute(device, name)),
  );
  const [manufacturer, product, vendorId, productId] = parts;
  return `${manufacturer} ${product}  ${vendorId}:${productId}`.trim();
}

async function attribute(folder: string, name: string): Promise<string> {
  return (await readFile(join(folder, name), 'utf8').catch(() => '')).trim();
}
