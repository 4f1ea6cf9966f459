// Builds ui/site.css and ui/site.ts into ../static/assets, under names that hold a hash of their content, fonts included.
import { build } from "esbuild";
import { rm } from "node:fs/promises";

const out = "../static/assets";
await rm(out, { recursive: true, force: true });
await build({
  entryPoints: ["ui/site.css", "ui/site.ts"],
  outdir: out,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file" },
  bundle: true,
  minify: true,
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  logLevel: "info",
});
