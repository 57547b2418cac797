/** RFC 6901: empty, or `/` before each name, in which `~1` is a slash and `~0` a tilde. */
export const isPointer = (text: string): boolean => /^(?:\/(?:[^~/]|~[01])*)*$/.test(text);

/** What stands there in a JSON value; undefined when nothing does. */
export const valueAt = (value: unknown, pointer: string): unknown => {
  let found = value;
  for (const name of pointer.split('/').slice(1).map(unescaped)) {
    if (Array.isArray(found))
      found = /^(?:0|[1-9]\d*)$/.test(name) ? found[Number(name)] : undefined;
    else if (isObject(found)) found = Object.hasOwn(found, name) ? found[name] : undefined;
    else return undefined;
  }
  return found;
};

const unescaped = (name: string): string => name.replaceAll('~1', '/').replaceAll('~0', '~');

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
