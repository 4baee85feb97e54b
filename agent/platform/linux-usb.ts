/**
 * Smart card readers and tokens on USB, as Linux itself sees them: with no module's help, so that "plugged in, but its
 * software is missing" can be told from "not plugged in". Devices of a class of their maker's own are not known as readers.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** USB's class of smart card interfaces (CCID). */
const SMART_CARD = '0b';

/** Makers and names, never serial numbers. Empty where there are none, or no /sys to look into. */
export async function usbReaders(devices: string): Promise<string[]> {
  const names = await readdir(devices).catch(() => []);
  const classes = await Promise.all(names.map((name) => attribute(join(devices, name), 'bInterfaceClass')));
  // An interface is called as its device, with a colon and its number behind.
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
