package main

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// runCitations prints what is wrong with the citations, and then, as a hint that fails nothing, the rows of docs/conformance.md that are done
// while no comment in the code cites them.
func runCitations(_ context.Context, r repository, args []string) error {
	if len(args) > 0 {
		fmt.Fprintf(r.out, "unexpected argument %q\n", args[0])
		return errUsage
	}
	cited, found, err := readCitations(r.files())
	if err != nil {
		return err
	}
	rows, wrong, err := readConformance(r.files())
	if err != nil {
		return err
	}
	var uncited, planned int
	for _, row := range rows {
		switch {
		case row.status == statusPlanned:
			planned++
		case row.status == statusDone && !cited[row.citation]:
			uncited++
			fmt.Fprintf(r.out, "%s:%d: note: no comment cites %s\n", conformancePath, row.line, row.citation)
		}
	}
	fmt.Fprintf(r.out, "%d citations in comments, %d rows in %s: %d planned, %d done but uncited\n",
		len(cited), len(rows), conformancePath, planned, uncited)
	return report(r.out, append(found, wrong...))
}

// checkCitations holds the citations in Go comments, and the rows of docs/conformance.md, against the grammar and against the code.
func checkCitations(repo fs.FS) ([]finding, error) {
	_, found, err := readCitations(repo)
	if err != nil {
		return nil, err
	}
	_, wrong, err := readConformance(repo)
	return append(found, wrong...), err
}

// readCitations returns what the comments of the module cite, as "RFC 6749 §4.1", and where they cite wrongly. The names of tests are read
// too, wherever they hold a section sign.
func readCitations(repo fs.FS) (cited map[string]bool, found []finding, err error) {
	files, err := goFiles(repo, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	g := newGrammar(documents())
	cited = map[string]bool{}
	for _, f := range files {
		if f.dir() == "cmd/dev" {
			continue // shows wrong citations on purpose
		}
		for _, p := range prose(f) {
			right, wrong := g.parse(p.text)
			for _, c := range right {
				cited[strings.TrimSuffix(c.document+" §"+c.section, " §")] = true
			}
			for _, m := range wrong {
				found = append(found, finding{f.path, p.lineAt(m.at), m.text})
			}
		}
	}
	wrong, err := readDocuments(repo, g)
	return cited, append(found, wrong...), err
}

// readDocuments returns what the pages under docs cite wrongly; the rows of docs/conformance.md are read by readConformance.
func readDocuments(repo fs.FS, g grammar) (found []finding, err error) {
	err = fs.WalkDir(repo, "docs", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() || name == conformancePath || path.Ext(name) != ".md" {
			return err
		}
		text, err := fs.ReadFile(repo, name)
		if err != nil {
			return err
		}
		p := join(slices.Collect(strings.Lines(string(text))), 1)
		_, wrong := g.parse(p.text)
		for _, m := range wrong {
			found = append(found, finding{name, p.lineAt(m.at), m.text})
		}
		return nil
	})
	return found, err
}

// passage is a text of a file whose lines have been joined, so that a citation may be broken over two.
type passage struct {
	text   string
	starts []int // where each line begins in text
	line   int   // of the first
}

// join makes a passage of lines that follow each other in a file.
func join(lines []string, first int) passage {
	p := passage{line: first}
	var text strings.Builder
	for _, line := range lines {
		p.starts = append(p.starts, text.Len())
		text.WriteString(strings.TrimSpace(line) + " ")
	}
	p.text = text.String()
	return p
}

func (p passage) lineAt(offset int) int {
	line := p.line
	for _, start := range p.starts[1:] {
		if start <= offset {
			line++
		}
	}
	return line
}

// prose returns the comments of the file, and of a test the strings with a section sign.
func prose(f goFile) []passage {
	var passages []passage
	for _, group := range f.ast.Comments {
		var lines []string
		for _, comment := range group.List {
			for line := range strings.Lines(comment.Text) {
				lines = append(lines, strings.Trim(strings.TrimSpace(line), "/*"))
			}
		}
		passages = append(passages, join(lines, f.line(group.Pos())))
	}
	if !f.isTest() {
		return passages
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && strings.Contains(lit.Value, "§") {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				passages = append(passages, passage{s, []int{0}, f.line(lit.Pos())})
			}
		}
		return true
	})
	return passages
}
