// A file of its own, so that the page's Content-Security-Policy need not allow scripts in the page.
"use strict";

const container = document.getElementById("swagger-ui");

window.SwaggerUIBundle({
  domNode: container,
  url: container.dataset.openapiUrl,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // The validator badge would send the document to another site.
  validatorUrl: null,
});
