import 'swagger-ui-dist/swagger-ui.css'
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle'

SwaggerUI({ url: '/api/v3/openapi3.json', domNode: document.getElementById('swagger') })
