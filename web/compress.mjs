// Writes a .br and a .gz beside each built file, so that the server never compresses anything itself.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const BEST = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };

for (const folder of ["widget/dist", "dashboard/dist"]) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!/\.(js|css|html|svg)$/.test(name)) continue;
    const path = join(folder, name);
    const plain = readFileSync(path);
    writeFileSync(`${path}.br`, brotliCompressSync(plain, BEST));
    writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
  }
}
