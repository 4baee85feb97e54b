/** A page that is on this computer itself is let through unasked, though its permission reads `prompt`. */
export const ON_THIS_COMPUTER = location.protocol === 'http:' && location.hostname === 'localhost';
