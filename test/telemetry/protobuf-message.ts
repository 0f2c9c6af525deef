/** A field's value: a number for a varint, otherwise bytes. */
type Value = bigint | Uint8Array;

/** A Protocol Buffers message, parsed from its wire format without a library. */
export class ProtobufMessage {
  readonly #fields = new Map<number, Value[]>();

  constructor(bytes: Uint8Array) {
    let at = 0;
    const varint = () => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = bytes[at++];
        if (byte === undefined) throw new Error('The message ends inside a number.');
        value |= BigInt(byte & 127) << shift;
        if (byte < 128) return value;
      }
    };
    const take = (length: number) => {
      at += length;
      if (at > bytes.length) throw new Error('The message ends inside a field.');
      return bytes.subarray(at - length, at);
    };
    while (at < bytes.length) {
      const tag = Number(varint());
      const readers: Readonly<Record<number, () => Value>> = {
        0: varint,
        1: () => take(8),
        2: () => take(Number(varint())),
        5: () => take(4),
      };
      const reader = readers[tag & 7];
      if (!reader) throw new Error(`Wire type ${tag & 7} is not one of OTLP's.`);
      const values = this.#fields.get(tag >> 3) ?? [];
      values.push(reader());
      this.#fields.set(tag >> 3, values);
    }
  }

  messages(field: number): ProtobufMessage[] {
    return this.#all(field).map((value) => new ProtobufMessage(value as Uint8Array));
  }

  text(field: number): string {
    return Buffer.from(this.#bytes(field)).toString();
  }

  hex(field: number): string {
    return Buffer.from(this.#bytes(field)).toString('hex');
  }

  number(field: number): number | undefined {
    const [value] = this.#all(field);
    return value === undefined ? undefined : Number(value);
  }

  fixed64(field: number): bigint {
    return Buffer.from(this.#bytes(field)).readBigUInt64LE();
  }

  has(field: number): boolean {
    return this.#fields.has(field);
  }

  #bytes(field: number): Uint8Array {
    return (this.#all(field)[0] as Uint8Array | undefined) ?? new Uint8Array();
  }

  #all(field: number): Value[] {
    return this.#fields.get(field) ?? [];
  }
}
