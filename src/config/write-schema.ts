import { writeFileSync } from 'node:fs';
import { configJsonSchema } from './json-schema.ts';

/** config.schema.json as it has to stand in the repository. */
export const schemaText = (): string => `${JSON.stringify(configJsonSchema(), null, 2)}\n`;

if (import.meta.main) writeFileSync(new URL('../../config.schema.json', import.meta.url), schemaText());
