"use strict";
// The documentation of this centre's own interface. Nothing is asked of any other machine: no validator, no fonts.
SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#api",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  // A token is as good as its role: it stays in this page and goes with it.
  persistAuthorization: false,
});
