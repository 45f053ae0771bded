// What the browser loads, compressed beforehand, so that the server never compresses anything itself. The widget's few files
// stand beside the plain ones; the dashboard's go to a folder of their own, and the program carries that one only: whoever takes
// neither form is answered with what the server unpacks (crates/edge).
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const BEST = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
const FRONT_ENDS = [
  { from: "widget/dist", to: "widget/dist" },
  { from: "dashboard/dist", to: "dashboard/dist/packed" },
];

for (const { from, to } of FRONT_ENDS) {
  if (to !== from) rmSync(to, { recursive: true, force: true });
  for (const name of readdirSync(from, { recursive: true })) {
    const path = join(from, name);
    if (statSync(path).isDirectory()) continue;
    const packed = join(to, name);
    mkdirSync(dirname(packed), { recursive: true });
    if (/\.(js|css|html|svg)$/.test(name)) {
      const plain = readFileSync(path);
      writeFileSync(`${packed}.br`, brotliCompressSync(plain, BEST));
      writeFileSync(`${packed}.gz`, gzipSync(plain, { level: 9 }));
    } else if (packed !== path) {
      copyFileSync(path, packed);
    }
  }
}
