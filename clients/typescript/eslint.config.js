import eslint from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const rules = {
  "@typescript-eslint/consistent-type-exports": ["error", { fixMixedExportsWithInlineTypeSpecifier: true }],
  "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
  "@typescript-eslint/switch-exhaustiveness-check": "error",
  eqeqeq: "error",
  "no-console": "error",
  "no-duplicate-imports": "error",
};

/** What holds for all TypeScript, also for what is generated; `projects` are compiler settings in `folder`. */
export function strict(folder, ...projects) {
  return defineConfig(
    // protoc-gen-es's own output.
    { ignores: ["**/*_pb.ts"] },
    eslint.configs.recommended,
    tseslint.configs.strictTypeChecked,
    tseslint.configs.stylisticTypeChecked,
    { languageOptions: { parserOptions: { project: projects, tsconfigRootDir: folder } }, rules },
    { files: ["**/*.js"], extends: [tseslint.configs.disableTypeChecked] },
  );
}

export default defineConfig(
  { ignores: ["build/lib", "build/out", "build/protos", "build/golden"] },
  strict(import.meta.dirname, "./tsconfig.json", "./tsconfig.tests.json"),
  // What node:test answers need not be awaited at the top of a file.
  {
    files: ["tests/**"],
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", name: ["test", "describe"], package: "node:test" }] },
      ],
    },
  },
  { files: ["samples/**"], rules: { "no-console": "off" } },
);
