/** The settings editor in one's language: the lab translates the schemas of its own parts only. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';

type Schema = ISettingRegistry.ISchema;
type Property = ISettingRegistry.IProperty;
type Properties = { [name: string]: Property };

/* eslint-disable jupyter/no-dynamic-translation -- `npm run strings` reads the schemas themselves. */

/** The schema with its titles and descriptions in another language. */
export function translated(schema: Schema, trans: TranslationBundle): Schema {
  return {
    ...schema,
    title: schema.title && trans._p('schema', schema.title),
    description: schema.description && trans._p('schema', schema.description),
    properties: properties(schema.properties, trans)
  };
}

function properties(
  given: Properties | undefined,
  trans: TranslationBundle
): Properties | undefined {
  const shown = (property: Property): Property => ({
    ...property,
    ...(property.title && { title: trans._p('settings', property.title) }),
    ...(property.description && { description: trans._p('settings', property.description) }),
    ...(property.properties && { properties: properties(property.properties, trans) })
  });
  return (
    given && Object.fromEntries(Object.entries(given).map(([name, one]) => [name, shown(one)]))
  );
}
