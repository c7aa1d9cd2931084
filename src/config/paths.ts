/** Where a value stands in the file: keys of mappings and indexes of lists, outermost first. */
export type Path = readonly PropertyKey[];

const plainKey = /^[A-Za-z_][\w-]*$/;

/** The path as an operator reads it: `chains[0].upstreams[1].url`. Empty for the file as a whole. */
export const renderPath = (path: Path): string => {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!plainKey.test(String(part))) text += `[${JSON.stringify(String(part).slice(0, 80))}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
};

/** The path without the places in lists: `chains[].upstreams[].url`. The same for all that stands under one key of the schema. */
export const pathPattern = (path: Path): string => renderPath(path).replace(/\[\d+\]/g, '[]');
