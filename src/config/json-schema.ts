import * as z from 'zod';
import { configSchema } from './schema.ts';

/** As much of JSON Schema as the configuration's has. */
export interface JsonSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}

/** The file as an editor should check it (draft-07, which yaml-language-server reads): units and references still text. */
export const configJsonSchema = (): JsonSchema =>
  z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' }) as JsonSchema;

/** One key of the schema, at `chains[].routing.timeout` and the like. */
export interface KnownKey {
  readonly pattern: string;
  readonly schema: JsonSchema;
}

/** Every key of the schema, outer ones before what they hold. */
export const knownKeys = (schema: JsonSchema = configJsonSchema(), parent = ''): readonly KnownKey[] =>
  Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const pattern = parent === '' ? key : `${parent}.${key}`;
    const below = child.items === undefined ? knownKeys(child, pattern) : knownKeys(child.items, `${pattern}[]`);
    return [{ pattern, schema: child }, ...below];
  });
