// Columns of text, and of lists of text, out of an Arrow IPC file: all that the engine is asked for.
// Source: the Arrow columnar format, "IPC file format", and its Message.fbs.

const MAGIC_BYTES = 8;
const CONTINUES = 0xffffffff;
const RECORD_BATCH = 3;
const STRUCT_BYTES = 16;
const decoder = new TextDecoder();

// The place of a field of a flatbuffer table; 0: it is not there.
function field(view, table, index) {
  const vtable = table - view.getInt32(table, true);
  const at = 4 + 2 * index;
  const offset = at < view.getUint16(vtable, true) ? view.getUint16(vtable + at, true) : 0;
  return offset && table + offset;
}

function behind(view, at) {
  return at + view.getUint32(at, true);
}

function long(view, at) {
  return Number(view.getBigInt64(at, true));
}

// What the batch's header says of its nodes and buffers, each a pair of numbers.
function pairs(view, table, index) {
  const vector = behind(view, field(view, table, index));
  const count = view.getUint32(vector, true);
  return Array.from({ length: count }, (_, at) => {
    const place = vector + 4 + at * STRUCT_BYTES;
    return [long(view, place), long(view, place + 8)];
  });
}

function present(bytes, [offset, length]) {
  return length ? (row) => (bytes[offset + (row >> 3)] >> (row & 7)) & 1 : () => 1;
}

// Readers take their nodes and buffers from the front, in the order in which the format has them.
function text(body, parts) {
  const [rows] = parts.nodes.shift();
  const isThere = present(body.bytes, parts.buffers.shift());
  const [starts] = parts.buffers.shift();
  const [data] = parts.buffers.shift();
  const at = (row) => data + body.view.getInt32(starts + 4 * row, true);
  return Array.from({ length: rows }, (_, row) => isThere(row) ? decoder.decode(body.bytes.subarray(at(row), at(row + 1))) : null);
}

function lists(body, parts) {
  const [rows] = parts.nodes.shift();
  const isThere = present(body.bytes, parts.buffers.shift());
  const [starts] = parts.buffers.shift();
  const items = text(body, parts);
  const at = (row) => body.view.getInt32(starts + 4 * row, true);
  return Array.from({ length: rows }, (_, row) => isThere(row) ? items.slice(at(row), at(row + 1)) : null);
}

// The columns, each an array of strings, of arrays of strings, and of nulls; `isList` says which.
export function columnsOf(file, isList) {
  const whole = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const columns = isList.map(() => []);
  let at = MAGIC_BYTES;
  while (whole.getUint32(at, true) === CONTINUES && whole.getUint32(at + 4, true)) {
    const size = whole.getUint32(at + 4, true);
    const header = new DataView(file.buffer, file.byteOffset + at + 8, size);
    const message = behind(header, 0);
    const begins = at + 8 + size;
    const lengthAt = field(header, message, 3);
    const length = lengthAt ? long(header, lengthAt) : 0;
    if (header.getUint8(field(header, message, 1)) === RECORD_BATCH) {
      const batch = behind(header, field(header, message, 2));
      const parts = { nodes: pairs(header, batch, 1), buffers: pairs(header, batch, 2) };
      const body = { bytes: file.subarray(begins, begins + length), view: new DataView(file.buffer, file.byteOffset + begins, length) };
      isList.forEach((each, place) => {
        for (const value of (each ? lists : text)(body, parts)) columns[place].push(value);
      });
    }
    at = begins + length;
  }
  return columns;
}
