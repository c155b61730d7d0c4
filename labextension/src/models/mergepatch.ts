/** JSON merge patches (RFC 7396). Pure. */

/** A value with a patch applied; null in the patch takes a field away. */
export function patched(value: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
    return patch;
  }
  const result: { [name: string]: unknown } =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  for (const [name, inner] of Object.entries(patch)) {
    if (inner === null) {
      delete result[name];
    } else {
      result[name] = patched(result[name], inner);
    }
  }
  return result;
}
