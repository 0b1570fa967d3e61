// Command plant is a service of a plant that follows its recipes: it lists them, edits one, and reports what others
// change.
//
//	plant -address 127.0.0.1:50051 -actor ann -changes 3
//
// Without -changes it reports until Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"google.golang.org/grpc/codes"

	recipesv1 "toolcrib.dev/components/plant/recipes/v1"
	toolcrib "toolcrib.dev/go"
)

func main() {
	address := flag.String("address", "127.0.0.1:50051", "where the server is")
	actor := flag.String("actor", "plant service", "in whose name it works")
	changes := flag.Int("changes", 0, "ends after so many changes; 0 goes on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *address, *actor, *changes); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "plant:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address, actor string, changes int) error {
	crib, err := toolcrib.Connect(address, toolcrib.Options{Actor: actor})
	if err != nil {
		return err
	}
	defer crib.Close()
	if err := crib.WaitReady(ctx); err != nil {
		return err
	}
	recipes := recipesv1.NewRecipeClient(crib)
	if err := list(ctx, recipes); err != nil {
		return err
	}
	// What is committed behind the snapshot is not missed, however long the edit takes.
	watch := recipes.Watch(ctx, &recipesv1.WatchRecipesRequest{Start: toolcrib.Snapshot()})
	defer watch.Close()
	known, err := watch.Snapshot()
	if err != nil {
		return err
	}
	fmt.Println("watching", len(known), "recipes")
	if err := edit(ctx, recipesv1.NewRecipeClient(crib.WithReason("a slower start"))); err != nil {
		return err
	}
	return follow(watch, changes)
}

// list shows the fast recipes, the fastest first.
func list(ctx context.Context, recipes *recipesv1.RecipeClient) error {
	request := &recipesv1.ListRecipesRequest{Filter: "speed_mm_s > 100", OrderBy: "speed_mm_s desc"}
	for recipe, err := range recipes.List(ctx, request) {
		if err != nil {
			return err
		}
		fmt.Printf("fast: %s, %g mm/s\n", recipe.Name, recipe.SpeedMmS)
	}
	return nil
}

// edit makes a recipe, and changes one field of it unless somebody else was faster.
func edit(ctx context.Context, recipes *recipesv1.RecipeClient) error {
	recipe, err := recipes.Create(ctx, &recipesv1.Recipe{Name: "Go sample", SpeedMmS: 120})
	var failure *toolcrib.Error
	if errors.As(err, &failure) && failure.Code == codes.AlreadyExists {
		fmt.Println("there is a recipe of that name:", failure.Metadata["key"])
		return nil
	}
	if err != nil {
		return err
	}
	slower := &recipesv1.Recipe{Id: recipe.Id, SpeedMmS: 80, Etag: recipe.Etag}
	_, err = recipes.Update(ctx, slower, &recipesv1.UpdateRecipeRequest{UpdateMask: toolcrib.Mask("speed_mm_s")})
	return err
}

// follow reports changes, until there were so many.
func follow(watch *toolcrib.Watch[*recipesv1.Recipe], changes int) error {
	for change, err := range watch.Changes() {
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s by %s (%s)\n", change.KindName(), change.Record.Name, change.Commit.Actor, change.Commit.Reason)
		if changes--; changes == 0 {
			return nil
		}
	}
	return nil
}
