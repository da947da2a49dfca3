import { defineConfig } from "vite";

// Every entry stands alone: a page takes the style sheet, `enhance`, and `passkeys` only where there is one to use.
export default defineConfig({
  build: {
    // What has `light-dark()`, nesting and `:has()`; older browsers get pages without colors of their own, and working forms.
    target: ["chrome123", "firefox120", "safari17.5"],
    manifest: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ["main.css", "islands/enhance.ts", "islands/palette.ts", "islands/passkeys.ts", "islands/playground.ts", "islands/secrets.ts"],
      output: { entryFileNames: "assets/[name]-[hash].js", assetFileNames: "assets/[name]-[hash][extname]" },
    },
  },
});
