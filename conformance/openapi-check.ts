/**
 * Checks answers against the OpenAPI document that the API itself serves: status, media type and, for
 * JSON, the schema. What is wrong comes back as one line.
 */

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { parse } from "yaml";

interface OpenApiResponse {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface OpenApiOperation {
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
}

type OpenApiPaths = Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;

/** An answer whose body was read. */
export interface ReadAnswer {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
}

/** See the head comment. */
export class OpenApiCheck {
  readonly #paths: OpenApiPaths;
  readonly #ajv: Ajv2020;
  readonly #compiled = new Map<object, ValidateFunction>();

  constructor(yaml: string) {
    const document = parse(yaml) as {
      readonly paths: OpenApiPaths;
      readonly components: object;
    };
    this.#paths = document.paths;
    this.#ajv = new Ajv2020({ strict: true, validateFormats: false });
    this.#ajv.addVocabulary(["components"]);
    this.#ajv.addSchema({ $id: "document", components: document.components });
  }

  /** What the answer does that the document does not say; undefined: nothing. */
  problem(answer: ReadAnswer): string | undefined {
    const path = this.#pathOf(answer.path);
    if (path === undefined) return `${answer.path} is not in the OpenAPI document`;
    const operation = this.#paths[path]?.[answer.method.toLowerCase()];
    if (operation === undefined) {
      return answer.status === 405 || answer.status === 204
        ? undefined
        : `${answer.method} ${path} is not in the OpenAPI document`;
    }
    const response = operation.responses[String(answer.status)] ?? operation.responses["default"];
    if (response === undefined) return `${path} must not answer ${answer.status}`;
    const media = (answer.contentType ?? "").replace(/;.*/, "");
    if (response.content === undefined) return answer.text === "" ? undefined : `${path}: a body`;
    const schema = response.content[media]?.schema;
    // Refusals of the way to a route (405, 404) come as plain text from any route.
    if (schema === undefined) {
      return media === "text/plain" && answer.status >= 400
        ? undefined
        : `${path} must not answer ${answer.status} as ${media}`;
    }
    return media === "application/json" ? this.#schemaProblem(schema, answer.text) : undefined;
  }

  #pathOf(path: string): string | undefined {
    if (this.#paths[path] !== undefined) return path;
    return Object.keys(this.#paths).find((template) => {
      const pattern = template.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]+");
      return new RegExp(`^${pattern}$`).test(path);
    });
  }

  #schemaProblem(schema: object, text: string): string | undefined {
    let validate = this.#compiled.get(schema);
    if (validate === undefined) {
      const absolute = JSON.parse(
        JSON.stringify(schema).replaceAll('"#/components', '"document#/components'),
      ) as object;
      validate = this.#ajv.compile(absolute);
      this.#compiled.set(schema, validate);
    }
    if (validate(JSON.parse(text))) return undefined;
    return this.#ajv.errorsText(validate.errors, { dataVar: "answer" });
  }
}
