// Names of requests: UUIDv7, so that a server can forget old ones safely.

/** A fresh key: the time in its first 48 bits, the rest random. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = Date.now();
  for (let place = 0; place < 6; place++) bytes[place] = Math.floor(now / 2 ** (40 - 8 * place)) % 256;
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = hexadecimal(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Our part of a W3C trace; without one, of a trace that begins here. */
export function newTraceparent(trace: string): string {
  const begun = trace || hexadecimal(crypto.getRandomValues(new Uint8Array(16)));
  return `00-${begun}-${hexadecimal(crypto.getRandomValues(new Uint8Array(8)))}-01`;
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
