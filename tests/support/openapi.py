"""Holds answers against the server's own OpenAPI document."""

import jsonschema


class Contract:
    def __init__(self, document):
        self.document = document

    def schema(self, method, path, status=200):
        operation = self.document["paths"][path][method.lower()]
        content = operation["responses"][str(status)]["content"]
        (schema,) = (entry["schema"] for entry in content.values())
        return {**schema, "components": self.document["components"]}

    def check(self, answer, method, path, status=200):
        jsonschema.Draft202012Validator(self.schema(method, path, status)).validate(answer)
        return answer
