/**
 * Builds the wall into api/static: hashed assets, the page that names them, and the licences of what is inside.
 *
 *     node build.mjs [--watch]
 */

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static");
/** Where the server serves the folder's files; the page itself is at `/`. */
const base = "/static";
const inside = ["preact", "@fontsource-variable/inter"];

const options = {
  entryPoints: { app: join(here, "src/main.tsx"), style: join(here, "src/style.css") },
  outdir: out,
  publicPath: base,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file" },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
  logLevel: "warning",
};

/** Writes what esbuild does not: icon, page, notices. */
const finish = {
  name: "finish",
  setup(build) {
    build.onStart(() => rm(out, { recursive: true, force: true }));
    build.onEnd(async ({ errors, metafile }) => {
      if (errors.length === 0) {
        await mkdir(out, { recursive: true });
        await writePage(metafile.outputs);
        await writeFile(join(out, "NOTICES.txt"), await notices());
      }
    });
  },
};

async function writePage(outputs) {
  const find = (end) => {
    const names = Object.keys(outputs).map((path) => basename(path));
    return `${base}/${names.find((name) => end.test(name))}`;
  };
  const icon = await readFile(join(here, "src/icon.svg"));
  const digest = createHash("sha256").update(icon).digest("hex").slice(0, 8).toUpperCase();
  await writeFile(join(out, `icon-${digest}.svg`), icon);
  const places = {
    icon: `${base}/icon-${digest}.svg`, script: find(/^app-.*\.js$/), style: find(/^style-.*\.css$/),
  };
  const page = await readFile(join(here, "src/index.html"), "utf8");
  await writeFile(join(out, "index.html"), page.replace(/\{(\w+)\}/g, (_, name) => places[name]));
}

async function notices() {
  const texts = inside.map(async (name) => {
    const folder = join(here, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    return `${name} ${version} (${license})\n\n${await readFile(join(folder, "LICENSE"), "utf8")}`;
  });
  return `The wall contains:\n\n${(await Promise.all(texts)).join("\n\n")}`;
}

const context = await esbuild.context({ ...options, plugins: [finish] });
if (process.argv.includes("--watch")) {
  await context.watch();
} else {
  await context.rebuild();
  await context.dispose();
  console.log(`built into ${relative(process.cwd(), out) || "."}`);
}
