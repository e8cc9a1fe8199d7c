declare module 'swagger-ui-dist/swagger-ui-es-bundle' {
  /** Shows the document at `url` in `domNode`. */
  export default function SwaggerUI(options: { url: string; domNode: Element | null }): void
}
